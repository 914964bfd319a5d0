import MarkdownIt from "markdown-it";

const md = new MarkdownIt({ html: false, linkify: true, typographer: true });

export default () =>
  new Response(md.render(`# Title\n\n* one **bold**\n* two \`code\` https://example.com\n\n| a | b |\n|---|---|\n| 1 | <2> |\n\n"quoted" (c)`));
