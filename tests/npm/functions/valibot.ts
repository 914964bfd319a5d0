import * as v from "valibot";

const User = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(2)),
  tags: v.optional(v.array(v.picklist(["a", "b"])), []),
  mail: v.pipe(v.string(), v.email()),
});

export default () =>
  Response.json([{ name: " Ada ", mail: "ada@example.com" }, { name: "A", tags: ["c"], mail: "x" }].map((value) => {
    const { success, output, issues } = v.safeParse(User, value);
    return { success, output, issues: issues && v.flatten(issues) };
  }));
