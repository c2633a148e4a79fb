// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";

interface ChoiceProps<T extends string | number> {
    label: string;
    name: string;
    options: readonly (readonly [T, string])[];
    value: T;
    onChange(value: T): void;
}

/** One of a few. */
export function Choice<T extends string | number>({ label, name, options, value, onChange }: ChoiceProps<T>): ReactNode {
    return (
        <fieldset className="choice">
            <legend>{label}</legend>
            {options.map(([option, words]) => (
                <label key={option}>
                    <input
                        type="radio"
                        name={name}
                        value={option}
                        data-testid={`${name}-${option}`}
                        checked={option === value}
                        onChange={() => onChange(option)}
                    />
                    {words}
                </label>
            ))}
        </fieldset>
    );
}
