// Two models in one file.
func.func @first(%x: tensor<?x6x6x4xf32> {nibble.name = "image"}) -> (tensor<?x6x6x4xf32> {nibble.name = "y"}) {
  %0 = nibble.relu %x : (tensor<?x6x6x4xf32>) -> tensor<?x6x6x4xf32>
  return %0 : tensor<?x6x6x4xf32>
}
func.func @second(%a: tensor<?x3xf32> {nibble.name = "a"}, %b: tensor<?x3xf32> {nibble.name = "b"}) -> (tensor<?x3xf32> {nibble.name = "sum"}, tensor<?x3xf32> {nibble.name = "positive"}) {
  %0 = nibble.add %a, %b : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = nibble.relu %0 : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}
