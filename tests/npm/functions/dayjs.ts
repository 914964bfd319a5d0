import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime.js";
import utc from "dayjs/plugin/utc.js";

dayjs.extend(utc);
dayjs.extend(relativeTime);

export default () => {
  const date = dayjs.utc("2024-02-29T10:20:30Z");
  return Response.json([
    date.format("dddd, MMMM D YYYY, HH:mm:ss"),
    date.add(1, "year").toISOString(),
    date.from(dayjs.utc("2024-03-05")),
    date.endOf("month").valueOf(),
  ]);
};
