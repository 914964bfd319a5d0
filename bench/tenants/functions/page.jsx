import { renderToString } from "react-dom/server";

export const config = { warmup: ["/page"] };

const PRODUCTS = Array.from({ length: 60 }, (_, n) => ({
  id: n,
  name: `Mayfly no. ${n}`,
  wings: 4,
  price: (n * 37) % 100,
  tags: ["insect", n % 2 ? "short-lived" : "dancing", `river-${n % 7}`],
}));

const Tag = ({ text }) => <span className="tag">{text}</span>;

const Card = ({ product }) => (
  <li className="card" id={`product-${product.id}`}>
    <h2>{product.name}</h2>
    <p>
      {product.wings} wings, <b>{product.price.toFixed(2)}</b>
    </p>
    <p>{product.tags.map((tag) => <Tag key={tag} text={tag} />)}</p>
  </li>
);

const Page = ({ path }) => (
  <html lang="en">
    <head>
      <title>Mayflies</title>
    </head>
    <body>
      <nav>{["/", "/about", "/cart"].map((to) => <a key={to} href={to} aria-current={to === path}>{to}</a>)}</nav>
      <ul>{PRODUCTS.map((product) => <Card key={product.id} product={product} />)}</ul>
    </body>
  </html>
);

export default (req) =>
  new Response(`<!doctype html>${renderToString(<Page path={new URL(req.url).pathname} />)}`, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });
