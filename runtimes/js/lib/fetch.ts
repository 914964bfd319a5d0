/** Not yet: it will be a host call. */
export const fetch = (..._args: unknown[]): Promise<never> =>
  Promise.reject(new TypeError("fetch is not available yet: this function cannot make requests"));
