/** Waits for its caller to leave, and says that it did. */
export default (_req: Request, { signal }: { signal: AbortSignal }) => {
  console.log("waiting");
  signal.addEventListener("abort", () => console.log("the caller left"));
  return new Promise<Response>(() => {});
};
