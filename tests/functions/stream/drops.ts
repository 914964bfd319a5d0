/** Answers at once, and never looks at its body. */
export default () => new Response("not interested");
