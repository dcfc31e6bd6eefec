<#
.SYNOPSIS
    Installs the Python that Rebalancer.xlsm calls, for the current user.
.DESCRIPTION
    Makes a virtual environment in %LOCALAPPDATA%\Rebalancer\venv, which is where the sheet xlwings.conf looks, and
    installs rebalance-xl into it together with the xlwings version the workbook is bound to. Nothing else on the
    machine is changed; to remove everything delete the folder %LOCALAPPDATA%\Rebalancer.
.PARAMETER Wheel
    The wheel to install. Without it the newest rebalance_xl-*.whl beside this script, else the package index.
.PARAMETER Python
    The python.exe to start from (3.11 or later). Without it the newest that the launcher py.exe or the PATH knows.
.PARAMETER Workbook
    A workbook to unblock. Without it every .xlsm beside this script.
.EXAMPLE
    powershell -ExecutionPolicy Bypass -File install.ps1
#>
[CmdletBinding()]
param(
    [string]$Wheel,
    [string]$Python,
    [string[]]$Workbook
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$XlwingsVersion = '0.37.8'
$Folder = Join-Path $env:LOCALAPPDATA 'Rebalancer'
$Environment = Join-Path $Folder 'venv'

function Stop-Installation([string]$Reason) {
    Write-Host "Rebalancer was not installed: $Reason" -ForegroundColor Red
    exit 1
}

function Invoke-Python([string]$Exe, [string[]]$Arguments) {
    & $Exe @Arguments
    if ($LASTEXITCODE -ne 0) {
        Stop-Installation "'$Exe $($Arguments -join ' ')' ended with exit code $LASTEXITCODE"
    }
}

function Test-Python([string]$Exe) {
    try {
        $Found = & $Exe -c 'import sys; print(sys.version_info >= (3, 11))' 2>$null
        return ($LASTEXITCODE -eq 0) -and ("$Found".Trim() -eq 'True')
    } catch {
        return $false
    }
}

function Find-Python {
    if (Get-Command py.exe -ErrorAction SilentlyContinue) {
        foreach ($Version in '3.13', '3.12', '3.11') {
            try { $Exe = & py.exe "-$Version" -c 'import sys; print(sys.executable)' 2>$null } catch { $Exe = $null }
            if ($LASTEXITCODE -eq 0 -and $Exe) { return "$Exe".Trim() }
        }
    }
    foreach ($Command in @(Get-Command python.exe -All -ErrorAction SilentlyContinue)) {
        # The alias that opens the Microsoft Store is no Python.
        if ($Command.Source -notlike '*\WindowsApps\*' -and (Test-Python $Command.Source)) { return $Command.Source }
    }
    return $null
}

if (-not $Python) { $Python = Find-Python }
if (-not $Python) {
    Stop-Installation 'no Python 3.11 or later was found. Install it from python.org, then run this script again.'
}
if (-not (Test-Python $Python)) { Stop-Installation "$Python is not a Python 3.11 or later." }

if ($Wheel) {
    if (-not (Test-Path -LiteralPath $Wheel)) { Stop-Installation "there is no file $Wheel." }
    $Package = (Resolve-Path -LiteralPath $Wheel).Path
} else {
    $Beside = Get-ChildItem -LiteralPath $PSScriptRoot -Filter 'rebalance_xl-*.whl' | Sort-Object LastWriteTime
    $Package = if ($Beside) { @($Beside)[-1].FullName } else { 'rebalance-xl' }
}

if (Get-Process EXCEL -ErrorAction SilentlyContinue) {
    Stop-Installation 'Excel is open and may be using the files. Close it, then run this script again.'
}

Write-Host "Python:      $Python"
Write-Host "Package:     $Package"
Write-Host "Environment: $Environment"
New-Item -ItemType Directory -Force -Path $Folder | Out-Null
Invoke-Python $Python @('-m', 'venv', '--clear', $Environment)
$Exe = Join-Path $Environment 'Scripts\python.exe'
Invoke-Python $Exe @('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', $Package, "xlwings==$XlwingsVersion")

# What the workbook needs: the functions, and xlwings' DLL in the root of the environment, where its VBA looks.
Invoke-Python $Exe @('-c', 'import udfs, xlwings, sys; print(len(udfs.worksheet_functions()), ''functions ready'')')
foreach ($Bits in '32', '64') {
    $Library = Join-Path $Environment "xlwings$Bits-$XlwingsVersion.dll"
    if (-not (Test-Path -LiteralPath $Library)) { Stop-Installation "$Library is missing from the xlwings package." }
}

if (-not $Workbook) { $Workbook = @(Get-ChildItem -LiteralPath $PSScriptRoot -Filter '*.xlsm' | ForEach-Object FullName) }
foreach ($File in $Workbook) {
    Unblock-File -LiteralPath $File
    Write-Host "Unblocked:   $File"
}
Write-Host 'Rebalancer is installed. Open the workbook and press Enable Content.' -ForegroundColor Green
