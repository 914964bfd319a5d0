import { users } from "../_shared/users.ts";

/** `/api/2` comes here with `id` "2"; `/api/users` does not, because a fixed name is more specific. */
export default (_req: Request, { params }: { params: { id: string } }) => {
  const user = users.find(({ id }) => id === params.id);
  return user ? Response.json(user) : Response.json({ message: `No user ${params.id}` }, { status: 404 });
};
