import { customAlphabet, nanoid } from "nanoid";

const digits = customAlphabet("0123456789", 12);

export default () => Response.json([nanoid().length, /^[\w-]{10}$/.test(nanoid(10)), /^\d{12}$/.test(digits()), nanoid() !== nanoid()]);
