// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }): ReactNode {
    return (
        <svg className="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            {children}
        </svg>
    );
}

/** A millstone: what grinds the lines. */
export function Logo(): ReactNode {
    return (
        <svg className="logo" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <circle cx="16" cy="16" r="13" />
            <path d="M16 11.7C16 8.2 18 5.9 20.5 3.9M19.7 13.9C22.8 12.1 25.7 12.7 28.6 13.9M19.7 18.1C22.8 19.9 23.7 22.7 24.2 25.9M16 20.3C16 23.8 14 26.1 11.5 28.1M12.3 18.1C9.2 19.9 6.3 19.3 3.4 18.1M12.3 13.9C9.2 12.1 8.3 9.3 7.8 6.1" />
            <circle className="hub" cx="16" cy="16" r="2.6" />
        </svg>
    );
}

export const SearchIcon = (): ReactNode => (
    <Icon>
        <circle cx="7" cy="7" r="4.5" />
        <path d="M10.5 10.5 14 14" />
    </Icon>
);
export const JobIcon = (): ReactNode => (
    <Icon>
        <path d="M2 3.5h12M4.5 8h7M6.5 12.5h3" />
    </Icon>
);
export const PauseIcon = (): ReactNode => (
    <Icon>
        <path d="M5.5 3.5v9M10.5 3.5v9" />
    </Icon>
);
export const FollowIcon = (): ReactNode => (
    <Icon>
        <path d="M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10" />
    </Icon>
);
export const ClearIcon = (): ReactNode => (
    <Icon>
        <circle cx="8" cy="8" r="5.5" />
        <path d="m4.2 4.2 7.6 7.6" />
    </Icon>
);
export const WrapIcon = (): ReactNode => (
    <Icon>
        <path d="M2 3.5h12M2 8h9.2a2.3 2.3 0 0 1 0 4.6H8M9.8 10.6l-2 2 2 2M2 12.5h3" />
    </Icon>
);
export const ClockIcon = (): ReactNode => (
    <Icon>
        <circle cx="8" cy="8" r="5.5" />
        <path d="M8 4.8V8l2.2 1.6" />
    </Icon>
);
export const ThemeIcon = (): ReactNode => (
    <Icon>
        <circle cx="8" cy="8" r="5.5" />
        <path d="M8 2.5v11a5.5 5.5 0 0 0 0-11Z" fill="currentColor" />
    </Icon>
);
export const CloseIcon = (): ReactNode => (
    <Icon>
        <path d="m4 4 8 8M12 4l-8 8" />
    </Icon>
);
export const UpIcon = (): ReactNode => (
    <Icon>
        <path d="M8 13V3.5M4 7.5l4-4 4 4" />
    </Icon>
);
export const DownIcon = (): ReactNode => (
    <Icon>
        <path d="M8 3v9.5M4 8.5l4 4 4-4" />
    </Icon>
);
export const BetweenIcon = (): ReactNode => (
    <Icon>
        <path d="M2.5 3h11M2.5 13h11" strokeDasharray="1.6 2" />
        <path d="M2.5 8h11" />
    </Icon>
);
export const BookmarkIcon = (): ReactNode => (
    <Icon>
        <path d="M4 2.5h8v11L8 10.6l-4 2.9Z" />
    </Icon>
);
export const ColumnsIcon = (): ReactNode => (
    <Icon>
        <rect x="2.5" y="3" width="11" height="10" rx="1.5" />
        <path d="M6.2 3v10M9.8 3v10" />
    </Icon>
);
export const DownloadIcon = (): ReactNode => (
    <Icon>
        <path d="M8 2.5v7M5 7l3 3 3-3M2.5 11v1.5a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1V11" />
    </Icon>
);
export const ViewsIcon = (): ReactNode => (
    <Icon>
        <rect x="2.5" y="2.5" width="4.6" height="4.6" rx="1" />
        <rect x="2.5" y="8.9" width="4.6" height="4.6" rx="1" />
        <path d="M9.5 4.8h4M9.5 11.2h4" />
    </Icon>
);
export const SplitIcon = (): ReactNode => (
    <Icon>
        <rect x="2.5" y="3" width="11" height="10" rx="1.5" />
        <path d="M8 3v10" strokeDasharray="1.6 1.6" />
    </Icon>
);
export const MuteIcon = (): ReactNode => (
    <Icon>
        <path d="M2.5 6.5h2L8 3.5v9l-3.5-3h-2ZM10.5 6.2l3 3.6M13.5 6.2l-3 3.6" />
    </Icon>
);
export const SignOutIcon = (): ReactNode => (
    <Icon>
        <path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M7 8h6.5M10.8 5.2 13.6 8l-2.8 2.8" />
    </Icon>
);
export const HelpIcon = (): ReactNode => (
    <Icon>
        <circle cx="8" cy="8" r="5.5" />
        <path d="M6.3 6.4A1.8 1.8 0 1 1 8 8.4v.6M8 11.2v.01" />
    </Icon>
);
export const PinIcon = (): ReactNode => (
    <Icon>
        <path d="M6 2.5h4l-.5 4 2 2h-7l2-2ZM8 8.5v5" />
    </Icon>
);
export const TrashIcon = (): ReactNode => (
    <Icon>
        <path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9" />
    </Icon>
);
