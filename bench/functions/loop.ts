export const config = { timeoutMs: 100 };

export default () => {
  for (;;);
};
