// The phases that the time of a request is spent in, in their order, as `stages` has them; and the colour of each.

export const PHASES = {
  head: "client",
  gateway: "gateway",
  queue: "wait",
  collapsed: "wait",
  connect: "upstream",
  upload: "client",
  first_byte: "upstream",
  download: "answer",
};
