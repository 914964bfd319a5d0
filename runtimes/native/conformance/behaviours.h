/* The native guests of the conformance suite: one answers on stdin and stdout, one listens. */
#ifndef CONFORMANCE_BEHAVIOURS_H
#define CONFORMANCE_BEHAVIOURS_H

/* Reads one HTTP/1.1 request, does what its query says, and answers. 0: there was none. */
int serve_one(int in, int out);

#endif
