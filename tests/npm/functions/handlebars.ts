import Handlebars from "handlebars";

Handlebars.registerHelper("loud", (text: string) => `${text}`.toUpperCase());
const render = Handlebars.compile("{{#each people}}{{@index}}: {{loud name}} {{#if (lookup this 'age')}}({{age}}){{/if}}\n{{/each}}");

export default () => new Response(render({ people: [{ name: "ada <3", age: 36 }, { name: "grace" }] }));
