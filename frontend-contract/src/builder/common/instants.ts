/** Instants: as a field for a date and a time has them, in the browser's time zone, and as the wire does. */

/** As ISO 8601 in UTC; nothing for a text that is none. */
export function toInstant(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** As the field takes it, with seconds only where there are some; a text that is none stays. */
export function toField(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) {
    return instant;
  }
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, -1).replace(/(:00)?\.000$/, '');
}
