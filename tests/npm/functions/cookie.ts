import * as cookie from "cookie";

export default (req: Request) =>
  Response.json(cookie.parse(req.headers.get("cookie") ?? ""), {
    headers: { "set-cookie": cookie.serialize("seen", "yes; no", { httpOnly: true, path: "/", maxAge: 60 }) },
  });
