/// A collection whose elements are made when they are reached, by their number.
public struct Rows<Element>: RandomAccessCollection, Sendable {
  public let count: Int
  private let make: @Sendable (Int) -> Element

  init(count: Int, _ make: @escaping @Sendable (Int) -> Element) {
    self.count = count
    self.make = make
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }
  public subscript(position: Int) -> Element { make(position) }
}

/// Some nodes of a graph, where the graph has them.
public struct NodeList: RandomAccessCollection, Sendable {
  let numbers: FlatList

  public var startIndex: Int { 0 }
  public var endIndex: Int { numbers.endIndex }
  public subscript(position: Int) -> NodeID { NodeID(index: numbers[position]) }
}
