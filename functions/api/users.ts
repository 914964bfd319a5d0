import { users } from "../_shared/users.ts";

/** Settings are a literal: they are read without running the code. */
export const config = { methods: ["GET"], timeoutMs: 2000 };

export default () => Response.json(users);
