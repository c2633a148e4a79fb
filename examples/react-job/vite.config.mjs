// SPDX-License-Identifier: MIT
export default { esbuild: { jsx: "automatic" } };
