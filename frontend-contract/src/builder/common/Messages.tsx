/** The error messages of a control. The control names this element in `aria-describedby`. */
export function Messages({ id, texts }: { id: string; texts: readonly string[] }) {
  if (!texts.length) {
    return null;
  }
  return (
    <div id={id} className="invalid-feedback d-block" data-user-groups-error>
      {texts.map((text) => <div key={text}>{text}</div>)}
    </div>
  );
}

/** `aria-describedby` of several elements, of which some may not be there. */
export function describedBy(...ids: (string | false | undefined)[]): string | undefined {
  return ids.filter(Boolean).join(' ') || undefined;
}
