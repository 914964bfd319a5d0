/** Reads its body a piece at a time, and says at every MiB how far it is. */
export default async (req: Request) => {
  let bytes = 0;
  let told = 0;
  for await (const chunk of req.body!) {
    bytes += chunk.length;
    for (; told < bytes >> 20; told++) console.log(`read ${told + 1} MiB`);
  }
  return Response.json({ bytes });
};
