import { z } from "zod";

const User = z.object({
  name: z.string().trim().min(2),
  role: z.enum(["admin", "user"]).default("user"),
  address: z.object({ zip: z.string().regex(/^\d{5}$/) }).partial().strict().optional(),
  at: z.coerce.date(),
  mail: z.email(),
}).refine(({ name }) => name !== "root", { message: "not root", path: ["name"] });

export default async (req: Request) => {
  const value = req.method === "POST" ? await req.json() : { name: " Ada ", at: "2024-01-01", mail: "ada@example.com" };
  const { success, data, error } = User.safeParse(value);
  return Response.json({ success, data, issues: error?.issues, flat: error && z.flattenError(error), schema: z.toJSONSchema(z.object({ a: z.int() })) });
};
