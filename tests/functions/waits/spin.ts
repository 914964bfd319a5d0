export const config = { timeoutMs: 60000 };

/** Hears nothing at all. */
export default () => {
  console.log("spinning");
  for (;;);
};
