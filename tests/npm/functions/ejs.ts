import ejs from "ejs";

const render = ejs.compile("<% for (const n of names) { %><b><%= n %></b><%- raw %>\n<% } %>");

export default () => new Response(render({ names: ["Ada", "<Grace>"], raw: "<i>" }));
