// The layers of all networks side by side, and the page with charts and tables.
#ifndef NIBBLE_EXAMPLES_FASHION_MNIST_PAGES_H
#define NIBBLE_EXAMPLES_FASHION_MNIST_PAGES_H

#include "frontend/examples/fashion_mnist/shipping.h"

namespace fashion {

/// Nanoseconds for one image of each layer, one column for each network.
void print_layers(const std::vector<Result> &results);

/// One self-contained page: results, accuracy over size and over latency, learning curves, layers. Throws
/// nibble::Error.
void write_page(const std::vector<Result> &results, const std::string &path);

} // namespace fashion

#endif
