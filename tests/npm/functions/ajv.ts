import { Ajv } from "ajv";
import addFormats from "ajv-formats";

const ajv = new Ajv({ allErrors: true });
// deno-lint-ignore no-explicit-any
(addFormats as any)(ajv);
const validate = ajv.compile({
  type: "object",
  properties: { name: { type: "string", minLength: 2 }, mail: { type: "string", format: "email" }, age: { type: "integer" } },
  required: ["name", "mail"],
  additionalProperties: false,
});

export default () =>
  Response.json(
    [{ name: "Ada", mail: "ada@example.com", age: 36 }, { name: "A", mail: "nobody", extra: 1 }, {}, 5].map((value) => ({
      valid: validate(value),
      errors: validate.errors,
    })),
  );
