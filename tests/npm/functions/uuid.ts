import { parse, v4, v5, v7, validate, version } from "uuid";

const name = v5("mayfly", v5.URL);

export default () => Response.json([name, validate(v4()), version(v7()), version(v4()), [...parse(name)]]);
