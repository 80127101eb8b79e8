global using System.ComponentModel;
global using FluentValidation;
global using Fluxion.Ledger.Decisions;
global using Fluxion.Ledger.Session;
global using Fluxion.Ledger.Validation;
