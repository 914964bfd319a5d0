import { Decimal } from "decimal.js";

export default () =>
  Response.json([new Decimal("0.1").plus("0.2"), new Decimal(2).sqrt().toFixed(40), Decimal.exp(1).toPrecision(30)]);
