/** The engine has DOMException; what the library throws of it goes through here. */
const DOMExceptionIntrinsic = DOMException;

export const domException = (name: string, message: string): DOMException => new DOMExceptionIntrinsic(message, name);
export const abortError = (message = "The operation was aborted"): DOMException => domException("AbortError", message);
