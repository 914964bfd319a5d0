/** URLPattern: the npm package urlpattern-polyfill, without what it adds to globals. */
export { URLPattern } from "urlpattern-polyfill/urlpattern";
