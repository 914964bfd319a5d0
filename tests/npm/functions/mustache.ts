import Mustache from "mustache";

export default () =>
  new Response(Mustache.render("{{#list}}{{.}}, {{/list}}{{{raw}}} {{text}}{{^none}} none{{/none}}", { list: [1, 2], raw: "<b>", text: "<b>" }));
