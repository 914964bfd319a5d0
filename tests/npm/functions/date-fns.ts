import { addDays, differenceInDays, formatDistance, formatISO, parseISO, startOfWeek } from "date-fns";

export default () => {
  const date = parseISO("2024-02-28T10:20:30Z");
  return Response.json([
    addDays(date, 2).toISOString(),
    differenceInDays(parseISO("2024-03-05"), date),
    formatDistance(date, parseISO("2023-01-01")),
    formatISO(date, { representation: "date" }),
    startOfWeek(date, { weekStartsOn: 1 }),
  ]);
};
