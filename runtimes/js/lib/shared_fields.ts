/**
 * Fields that most objects of a class never write, on their prototype. A field of each object's own is defined anew for
 * each of them, which is what takes longest of making one.
 */
export function shareFields<T extends object>(type: { readonly prototype: T }, fields: Partial<T>): void {
  Object.assign(type.prototype, fields);
}
