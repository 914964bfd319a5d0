import { buildSchema, graphql, printSchema } from "graphql";

const schema = buildSchema(`
  type User { id: ID! name: String! friends: [User!]! }
  type Query { user(id: ID!): User }
`);
const users: Record<string, { id: string; name: string; friends: unknown }> = {
  1: { id: "1", name: "Ada", friends: () => [users[2]] },
  2: { id: "2", name: "Grace", friends: () => [] },
};
const rootValue = { user: ({ id }: { id: string }) => users[id] };

export default async (req: Request) => {
  const source = new URL(req.url).searchParams.get("query") ?? "{ user(id: 1) { name friends { id name } } }";
  return Response.json([await graphql({ schema, rootValue, source }), printSchema(schema)]);
};
