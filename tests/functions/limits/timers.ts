/** Sets timers until it is stopped. */
export default () => {
  for (;;) setTimeout(() => {}, 1_000_000);
};
