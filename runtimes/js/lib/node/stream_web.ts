export * from "../streams.ts";
export { TextDecoderStream, TextEncoderStream } from "../encoding_streams.ts";
