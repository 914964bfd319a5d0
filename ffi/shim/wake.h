/* The wake socket: a connection to the server, whose event loop waits for bytes on it. */
#ifndef MAYFLY_WAKE_H
#define MAYFLY_WAKE_H

struct wake {
    int listener, connection; /* descriptors, or -1 */
    char *path;
};

#define WAKE_NONE ((struct wake){.listener = -1, .connection = -1})

/* On a path, for the server to connect to. */
int wake__listen(struct wake *wake, const char *path);
/* Accepts that connection and unlinks the path. -EAGAIN: nobody has connected; -EACCES: somebody else has. */
int wake__accept(struct wake *wake);
void wake__fini(struct wake *wake);

#endif
