import { bufferCount, filter, from, interval, lastValueFrom, map, mergeMap, of, take, toArray } from "rxjs";

export default async () =>
  Response.json([
    await lastValueFrom(from([1, 2, 3, 4, 5]).pipe(filter((n) => n > 1), map((n) => n * n), bufferCount(2), toArray())),
    await lastValueFrom(interval(1).pipe(take(3), mergeMap((n) => of(n, -n)), toArray())),
  ]);
