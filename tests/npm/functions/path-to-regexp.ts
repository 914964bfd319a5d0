import { compile, match } from "path-to-regexp";

export default () => Response.json([match("/users/:id{/*rest}")("/users/7/a/b"), compile("/a/:b")({ b: "x y" }), match("/a")("/b")]);
