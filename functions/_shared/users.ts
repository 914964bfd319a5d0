/** Not a function: the name of its folder starts with `_`. A change here deploys again whatever imports it. */
export const users = [
  { id: "1", name: "Ada Lovelace" },
  { id: "2", name: "Grace Hopper" },
  { id: "3", name: "Katherine Johnson" },
];
