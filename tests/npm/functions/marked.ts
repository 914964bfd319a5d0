import { marked } from "marked";

export default () =>
  new Response(marked.parse("# Title\n\n1. one *em*\n2. two [link](https://example.com 'x')\n\n```js\nlet a = 1 < 2;\n```\n\n> quote\n") as string);
