Attribute VB_Name = "ModelTables"
Option Explicit
Option Private Module
' What an omitted argument means: a column of this workbook's own tables, or one of its named cells.
' Range("Portfolio[Value]") would look in whichever workbook is active, so the tables are searched here.

' The number of the error that says which table, column or name this workbook lacks.
Public Const NoSuchPart As Long = vbObjectError + 513

' The data of a table's column, without header and totals; an error that names what is missing.
Public Function TableColumn(ByVal TableName As String, ByVal ColumnName As String) As Range
    Dim Table As ListObject
    Dim Column As ListColumn

    Set Table = FindTable(TableName)
    If Table Is Nothing Then
        Err.Raise NoSuchPart, "Rebalancer", "This workbook has no table " & TableName & "."
    End If
    Set Column = FindColumn(Table, ColumnName)
    If Column Is Nothing Then
        Err.Raise NoSuchPart, "Rebalancer", "The table " & TableName & " has no column " & ColumnName & "."
    End If
    Set TableColumn = Column.DataBodyRange
End Function

Public Function HasColumn(ByVal TableName As String, ByVal ColumnName As String) As Boolean
    Dim Table As ListObject

    Set Table = FindTable(TableName)
    If Table Is Nothing Then Exit Function
    HasColumn = Not FindColumn(Table, ColumnName) Is Nothing
End Function

' A whole table with its header row, or Nothing: "not used".
Public Function WholeTable(ByVal TableName As String) As Range
    Dim Table As ListObject

    Set Table = FindTable(TableName)
    If Not Table Is Nothing Then Set WholeTable = Table.Range
End Function

' The table with its header row where Lookup is a text such as "binance:BTCUSDT", else Nothing.
' Only then does the result depend on the table, and only then must the cell be volatile.
Public Function TableForText(ByVal TableName As String, ByRef Lookup As Variant) As Range
    Dim Table As Range
    Dim First As Variant

    If IsMissing(Lookup) Then Exit Function
    If TypeName(Lookup) = "Range" Then
        First = Lookup.Cells(1, 1).Value
    Else
        First = Lookup
    End If
    If VarType(First) <> vbString And Not IsArray(First) Then Exit Function
    Application.Volatile
    Set Table = WholeTable(TableName)
    If Not Table Is Nothing Then Set TableForText = Table
End Function

' A named cell of this workbook that holds something. A setting left blank is not used.
Public Function HasSetting(ByVal SettingName As String) As Boolean
    Dim Cell As Range

    Set Cell = FindSetting(SettingName)
    If Cell Is Nothing Then Exit Function
    HasSetting = Not IsEmpty(Cell.Cells(1, 1).Value)
End Function

Public Function Setting(ByVal SettingName As String) As Range
    Set Setting = FindSetting(SettingName)
    If Setting Is Nothing Then
        Err.Raise NoSuchPart, "Rebalancer", "This workbook has no cell named " & SettingName & "."
    End If
End Function

Private Function FindTable(ByVal TableName As String) As ListObject
    Dim Sheet As Worksheet
    Dim Table As ListObject

    For Each Sheet In ThisWorkbook.Worksheets
        For Each Table In Sheet.ListObjects
            If StrComp(Table.Name, TableName, vbTextCompare) = 0 Then
                Set FindTable = Table
                Exit Function
            End If
        Next Table
    Next Sheet
End Function

Private Function FindColumn(ByVal Table As ListObject, ByVal ColumnName As String) As ListColumn
    Dim Column As ListColumn

    For Each Column In Table.ListColumns
        If StrComp(Trim$(Column.Name), ColumnName, vbTextCompare) = 0 Then
            Set FindColumn = Column
            Exit Function
        End If
    Next Column
End Function

Private Function FindSetting(ByVal SettingName As String) As Range
    Dim Item As Name

    For Each Item In ThisWorkbook.Names
        If StrComp(Item.Name, SettingName, vbTextCompare) = 0 Then
            On Error Resume Next
            Set FindSetting = Item.RefersToRange
            On Error GoTo 0
            Exit Function
        End If
    Next Item
End Function
