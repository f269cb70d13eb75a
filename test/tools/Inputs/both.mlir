func.func @both(%x: tensor<?x6x6x4xf32> {nibble.name = "x"}) -> (tensor<?x6x6x4xf32> {nibble.name = "a"}, tensor<?x6x6x4xf32> {nibble.name = "b"}) {
  %a = nibble.relu %x : (tensor<?x6x6x4xf32>) -> tensor<?x6x6x4xf32>
  %b = nibble.relu %a : (tensor<?x6x6x4xf32>) -> tensor<?x6x6x4xf32>
  return %a, %b : tensor<?x6x6x4xf32>, tensor<?x6x6x4xf32>
}
