/** The heading of a view. It takes the focus when the view opens, so that nobody is left on a button that is gone. */
import { useEffect, useRef, type ReactNode } from 'react';

interface Props {
  children: ReactNode;
  /** False for the first view of the page, where the focus belongs to the page. */
  takesFocus?: boolean;
}

export function ViewHeading({ children, takesFocus = true }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (takesFocus) {
      heading.current?.focus();
    }
  }, [takesFocus]);
  return (
    <h2 ref={heading} tabIndex={-1} className="user-groups-heading">
      {children}
    </h2>
  );
}
