import ms from "ms";

export default () => Response.json([ms("2 days"), ms("1.5h"), ms(60000), ms(2 * 86_400_000, { long: true })]);
