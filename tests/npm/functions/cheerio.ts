import * as cheerio from "cheerio";

export default () => {
  const $ = cheerio.load("<ul><li class=a>One<li>Two &amp; three</ul><p id=x>");
  $("li").addClass("item").first().attr("data-n", "1");
  $("#x").text("<done>");
  return Response.json({ items: $("li").map((_, item) => $(item).text()).get(), html: $.html() });
};
