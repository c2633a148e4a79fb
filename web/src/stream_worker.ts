// SPDX-License-Identifier: MIT
//
// What runs beside the page: connections of streams, and parsing.
import "@logmill/react/worker";
