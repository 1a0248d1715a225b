/** The page's icons, drawn here: 16 units square, in the colour of the text around them, silent to screen readers. */
import type { ReactNode } from 'react';

function icon(children: ReactNode, filled = false) {
  return function Icon({ size = 16 }: { size?: number }) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 16 16"
        fill={filled ? 'currentColor' : 'none'}
        stroke={filled ? 'none' : 'currentColor'}
        strokeWidth={1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {children}
      </svg>
    );
  };
}

export const PlayIcon = icon(<path d="M4.5 2.5v11l9-5.5z" />, true);
export const PauseIcon = icon(<path d="M4 3h3v10H4zM9 3h3v10H9z" />, true);
export const StopIcon = icon(<path d="M3.5 3.5h9v9h-9z" />, true);
export const StepIcon = icon(<path d="M3 2.5v11l7-5.5zM11 2.5h2v11h-2z" />, true);
export const RestartIcon = icon(<path d="M3 8a5 5 0 1 0 1.6-3.65M3 2.5V5.2h2.7" />);
export const ResetIcon = icon(<path d="M6 3 3 6l3 3M3 6h6a3.5 3.5 0 0 1 0 7H6" />);
export const LinkIcon = icon(
  <path d="M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7l-.8.8M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.8-.8" />,
);
export const CheckIcon = icon(<path d="m3 8.5 3.2 3.2L13 4.8" />);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7" />
  </>,
);
export const MoonIcon = icon(<path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />);
export const AutoIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" stroke="none" />
  </>,
);
export const DiceIcon = icon(
  <>
    <rect x="2.5" y="2.5" width="11" height="11" rx="2" />
    <path d="M5.5 5.5h0M10.5 5.5h0M8 8h0M5.5 10.5h0M10.5 10.5h0" strokeWidth={2} />
  </>,
);
export const CopyIcon = icon(<path d="M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1" />);
export const MoreIcon = icon(<path d="M3.5 8h0M8 8h0M12.5 8h0" strokeWidth={2.5} />);
export const UpIcon = icon(<path d="m4 10 4-4 4 4" />);
export const DownIcon = icon(<path d="m4 6 4 4 4-4" />);
export const CloseIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
