export default async (req: Request) => {
  const event = await req.json();
  return Response.json({ message: `hello ${event.name}`, echo: event });
};
