/* Threads that compute at once: none sees what is in another's registers. */
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
#define STEPS 3000000L

static __thread long mine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long total;
static volatile int wrong;

/* Its sums stay in vector registers through many ticks. */
static void *work(void *argument) {
    long number = (long)argument;
    mine = number;
    __m128d sum = _mm_setzero_pd(), step = _mm_set_pd((double)number, 1);
    for (long i = 0; i < STEPS; i++) {
        sum = _mm_add_pd(sum, step);
        __asm__ volatile("" : "+x"(sum), "+x"(step));
    }
    double sums[2];
    _mm_storeu_pd(sums, sum);
    if (sums[0] != (double)STEPS || sums[1] != (double)(STEPS * number) || mine != number) wrong = 1;
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&lock);
        total++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)(i + 2)) != 0) return 2;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (wrong || total != THREADS * 100) return 1;
    puts("done");
    return 0;
}
